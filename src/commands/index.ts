/** The commands of `stt`, by name. */
export const commands = {};
