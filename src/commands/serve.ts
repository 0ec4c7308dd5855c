/** `stt serve` is `stt-server`: the one door from the CLI to the server. */
export { Serve as ServeCommand } from '../../server/commands/serve.ts';
