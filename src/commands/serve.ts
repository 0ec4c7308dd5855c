/** `stt serve` is `stt-server`: the one door from the CLI to the server. */
export { ServeCommand } from '../../server/commands/serve.ts';
