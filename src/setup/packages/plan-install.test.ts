import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandLine } from '../../command-line.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import { type Need, needs } from './needs.ts';
import type { PackagePower } from './package-power.ts';
import { readPackageTable } from './package-table.ts';
import { type InstallPlan, type InstallSurroundings, packagesOf, planInstall } from './plan-install.ts';

const run = suite('planInstall');

const table = readPackageTable();
const root: PackagePower = { manager: 'dnf', isRoot: true, hasSudo: false, isImage: false, enabledRepositories: [] };

const linux = (id: string, version: string, ...like: string[]): OperatingSystem => ({
  platform: 'linux',
  id,
  like,
  version,
  name: `${id} ${version}`,
});
const fedora = linux('fedora', '43');
const rocky = linux('rocky', '9.6', 'rhel', 'centos', 'fedora');
const debian = linux('debian', '13');

type Setting = Partial<PackagePower> &
  Partial<Pick<InstallSurroundings, 'os' | 'architecture' | 'wantsMoreRepositories'>>;

function plan(missing: readonly Need[], setting: Setting): InstallPlan {
  const { os = fedora, architecture = 'x64', wantsMoreRepositories = false, ...power } = setting;
  return planInstall(missing, { table, os, architecture, wantsMoreRepositories, power: { ...root, ...power } });
}

const commands = (missing: readonly Need[], setting: Setting): string[] =>
  plan(missing, setting).commands.map(commandLine);

const forCpu: Need[] = ['ffmpeg', 'ffprobe', 'cmake', 'ninja', 'C compiler', 'C++ compiler', 'pkg-config', 'OpenBLAS'];

run('names packages as each family does', () => {
  assert.equal(commands(forCpu, {}), [
    'dnf install -y ffmpeg-free cmake ninja-build gcc gcc-c++ pkgconf-pkg-config openblas-devel',
  ]);
  assert.equal(commands(forCpu, { os: debian, manager: 'apt-get' }), [
    'apt-get update',
    'env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ffmpeg cmake ninja-build gcc libc6-dev g++ pkg-config libopenblas-dev',
  ]);
  assert.equal(commands(forCpu, { os: linux('arch', ''), manager: 'pacman' }), [
    'pacman -S --needed --noconfirm ffmpeg cmake ninja gcc pkgconf openblas',
  ]);
  assert.equal(commands(forCpu, { os: linux('opensuse-leap', '16.0', 'suse', 'opensuse'), manager: 'zypper' }), [
    'zypper --non-interactive install ffmpeg cmake ninja gcc gcc-c++ pkg-config openblas-devel libopenblas_pthreads-devel',
  ]);
});

run('enables EPEL, CRB and RPM Fusion on an Enterprise Linux, each once and in this order', () => {
  assert.equal(commands(forCpu, { os: rocky }), [
    'dnf install -y https://dl.fedoraproject.org/pub/epel/epel-release-latest-9.noarch.rpm',
    'dnf install -y dnf-plugins-core',
    '/usr/bin/crb enable',
    'dnf install -y https://mirrors.rpmfusion.org/free/el/rpmfusion-free-release-9.noarch.rpm',
    'dnf install -y ffmpeg cmake ninja-build gcc gcc-c++ pkgconf-pkg-config openblas-devel',
  ]);
  assert.equal(commands(['ffmpeg'], { os: rocky, enabledRepositories: ['epel', 'crb', 'rpmfusion-free-el'] }), [
    'dnf install -y ffmpeg',
  ]);
});

run("takes RPM Fusion's ffmpeg on Fedora where that is enabled, or asked for", () => {
  const full = 'dnf install -y --allowerasing ffmpeg';
  assert.equal(commands(['ffmpeg', 'cmake'], { enabledRepositories: ['rpmfusion-free'] }), [
    'dnf install -y cmake',
    full,
  ]);
  assert.equal(commands(['ffprobe'], { wantsMoreRepositories: true }), [
    'dnf install -y https://mirrors.rpmfusion.org/free/fedora/rpmfusion-free-release-43.noarch.rpm',
    full,
  ]);
});

run("brings the CUDA toolkit from NVIDIA's repository, which must not replace the driver", () => {
  const lines = commands(['CUDA toolkit'], { architecture: 'arm64' });
  assert.is(lines[0], 'dnf install -y dnf5-plugins');
  assert.match(
    lines[1] ?? '',
    /^dnf config-manager addrepo --from-repofile=https:.*fedora43\/sbsa\/cuda-fedora43\.repo$/u,
  );
  assert.match(lines[2] ?? '', /setopt cuda-fedora43-sbsa\.exclude=nvidia-driver,/u);
  assert.equal(lines.slice(3), ['dnf install -y cuda-toolkit']);
  assert.equal(commands(['CUDA toolkit'], { enabledRepositories: ['cuda-fedora'] }), ['dnf install -y cuda-toolkit']);

  const onRocky = commands(['CUDA toolkit'], { os: rocky });
  assert.match(onRocky[1] ?? '', /^dnf config-manager --add-repo https:.*rhel9\/x86_64\/cuda-rhel9\.repo$/u);
});

run('uses sudo for every command where there is need, never for brew', () => {
  const user = { isRoot: false, hasSudo: true };
  assert.equal(commands(['cmake'], { ...user, os: debian, manager: 'apt-get' }), [
    'sudo apt-get update',
    'sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cmake',
  ]);
  const macos: OperatingSystem = { platform: 'darwin', id: 'macos', like: [], version: '15.1', name: 'macOS' };
  assert.equal(commands(['cmake', 'OpenBLAS'], { ...user, os: macos, manager: 'brew' }), [
    'brew install cmake openblas',
  ]);
});

run("speaks to dnf's siblings by their names; the smallest fetches dnf for what it cannot do", () => {
  assert.equal(commands(['cmake'], { manager: 'dnf5' }), ['dnf5 install -y cmake']);
  assert.equal(commands(['CUDA toolkit'], { manager: 'yum', os: rocky }).at(0), 'yum install -y dnf-plugins-core');
  assert.equal(commands(['cmake'], { manager: 'microdnf' }), ['microdnf install -y cmake']);
  const much = commands(['ninja'], { manager: 'microdnf', os: rocky });
  assert.is(much[0], 'microdnf install -y dnf');
  assert.is(much.at(-1), 'dnf install -y ninja-build');
});

run('says what to do by hand where the distribution has no package', () => {
  const inDebian = plan(['OpenVINO toolkit', 'cmake'], { os: debian, manager: 'apt-get' });
  assert.equal(
    inDebian.byHand.map(({ need }) => need),
    ['OpenVINO toolkit'],
  );
  assert.match(inDebian.byHand[0]?.hint ?? '', /docs\.openvino\.ai/u);
  assert.match(inDebian.commands.map(commandLine).join('\n'), /install .*cmake$/u);
});

run("does not offer Debian 12 and Ubuntu 22.04 Vulkan headers that are too old for whisper.cpp's", () => {
  const vulkan: Need[] = ['Vulkan headers and loader'];
  for (const os of [linux('debian', '12'), linux('ubuntu', '22.04', 'debian')]) {
    assert.is(plan(vulkan, { os, manager: 'apt-get' }).byHand.length, 1, os.name);
  }
  for (const os of [debian, linux('ubuntu', '24.04', 'debian')]) {
    assert.match(commands(vulkan, { os, manager: 'apt-get' }).join('\n'), /libvulkan-dev/u);
  }
  assert.is(plan(['glslc'], { os: linux('ubuntu', '22.04'), manager: 'apt-get' }).byHand.length, 1);
});

run(
  'goes by the package manager where the system is not known, and leaves repositories that depend on it alone',
  () => {
    const unknown = { table, os: undefined, architecture: 'x64', power: root };
    assert.equal(planInstall(['cmake', 'ffmpeg'], unknown).commands.map(commandLine), [
      'dnf install -y cmake ffmpeg-free',
    ]);
    assert.is(planInstall(['CUDA toolkit'], unknown).byHand.length, 1);
    const amazon = linux('amzn', '2023', 'fedora');
    assert.is(plan(['CUDA toolkit'], { os: amazon }).byHand.length, 1, 'no Fedora 2023');
  },
);

run('puts nothing into a command that a version should not have', () => {
  for (const version of ['', 'rawhide', '43/../..', '43; rm -rf /']) {
    const { commands, byHand } = plan(['CUDA toolkit'], { os: linux('fedora', version) });
    assert.equal(commands, [], version);
    assert.is(byHand.length, 1, version);
  }
});

run('has a command or a word for every need on every system', () => {
  const systems: [OperatingSystem, PackagePower['manager']][] = [
    [fedora, 'dnf'],
    [linux('fedora', '45'), 'dnf5'],
    [rocky, 'dnf'],
    [debian, 'apt-get'],
    [linux('ubuntu', '22.04', 'debian'), 'apt-get'],
    [linux('arch', ''), 'pacman'],
    [linux('opensuse-leap', '15.6', 'suse'), 'zypper'],
    [linux('opensuse-tumbleweed', '20261101', 'suse'), 'zypper'],
    [linux('alpine', '3.22'), undefined],
  ];
  for (const [os, manager] of systems) {
    for (const need of needs) {
      const { commands, byHand, onFedora } = plan([need], { os, manager });
      assert.ok(commands.length > 0 || byHand.length > 0, `${need} on ${os.name}`);
      assert.match(onFedora, /^dnf install \S/u);
    }
  }
});

run('knows the packages of a need for who only wants to name them', () => {
  assert.equal(packagesOf('ffmpeg', fedora, table), ['ffmpeg-free']);
  assert.equal(packagesOf('OpenVINO toolkit', linux('fedora', '45'), table)?.[0], 'libopenvino-devel');
  assert.equal(packagesOf('OpenVINO toolkit', fedora, table)?.[0], 'openvino-devel');
  assert.is(packagesOf('OpenVINO toolkit', debian, table), undefined);
  assert.is(packagesOf('cmake', linux('alpine', '3'), table), undefined);
});

run.run();
