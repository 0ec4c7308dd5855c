/** What an engine computes on: a flavour of the build. Names only. */
export const backends = ['cpu', 'cuda', 'vulkan', 'openvino', 'metal'] as const;
export type Backend = (typeof backends)[number];
