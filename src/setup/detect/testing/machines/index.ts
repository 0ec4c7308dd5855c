/** The recorded machines by name: written in the formats that these programs and systems print. */
import type { MachineFacts } from '../../machine-facts.ts';
import { appleSilicon } from './apple-silicon.ts';
import { archIntelArc } from './arch-intel-arc.ts';
import { distroboxFedora } from './distrobox-fedora.ts';
import { driverWithoutToolkit } from './driver-without-toolkit.ts';
import { el9Headless } from './el9-headless.ts';
import { fedoraIntelXe } from './fedora-intel-xe.ts';
import { fedoraRtx } from './fedora-rtx.ts';
import { jetson } from './jetson.ts';
import { llvmpipeOnly } from './llvmpipe-only.ts';
import { nvidiaSmiFailing } from './nvidia-smi-failing.ts';
import { oldIntelLaptop } from './old-intel-laptop.ts';
import { raspberryPi } from './raspberry-pi.ts';
import { toolkitWithoutDriver } from './toolkit-without-driver.ts';
import { twoGpus } from './two-gpus.ts';
import { ubuntuAmd } from './ubuntu-amd.ts';
import { windowsRadeon } from './windows-radeon.ts';
import { wslNvidia } from './wsl-nvidia.ts';

export const machines = {
  appleSilicon,
  archIntelArc,
  distroboxFedora,
  driverWithoutToolkit,
  el9Headless,
  fedoraIntelXe,
  fedoraRtx,
  jetson,
  llvmpipeOnly,
  nvidiaSmiFailing,
  oldIntelLaptop,
  raspberryPi,
  toolkitWithoutDriver,
  twoGpus,
  ubuntuAmd,
  windowsRadeon,
  wslNvidia,
} satisfies Record<string, MachineFacts>;
export type MachineName = keyof typeof machines;
