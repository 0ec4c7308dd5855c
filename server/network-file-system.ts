/**
 * Tells file systems that other machines share: locks do not hold on them, and changes made elsewhere are not told. Pure; numbers are
 * those of statfs(2), as Linux has them (linux/magic.h and the file systems' own headers).
 */

const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x69_69, 'NFS'],
  [0x51_7b, 'SMB'],
  [0xff_53_4d_42, 'CIFS'],
  [0xfe_53_4d_42, 'SMB'],
  [0x53_46_41_4f, 'AFS'],
  [0x6b_41_46_53, 'AFS'],
  [0x00_c3_64_00, 'Ceph'],
  [0x01_02_19_97, '9p'],
  [0x73_75_72_45, 'Coda'],
  [0x56_4c, 'NCP'],
  [0x0b_d0_0b_d0, 'Lustre'],
  [0x47_50_46_53, 'GPFS'],
  [0x19_83_03_26, 'BeeGFS'],
  [0x20_03_05_28, 'OrangeFS'],
  [0x01_16_19_70, 'GFS2'],
  [0x74_61_63_6f, 'OCFS2'],
  [0x78_6f_42_56, 'VirtualBox shared folder'],
]);

/** @returns its name, or undefined where it is local or not known (FUSE may be either). */
export function networkFileSystem(type: number): string | undefined {
  // Some kernels and runtimes give the number signed.
  return networkFileSystems.get(type >>> 0);
}
