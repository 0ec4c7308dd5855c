/** `stt-server --help`: without a command it serves, so that is explained first; then what else there is. */
import { Help } from '@oclif/core';

export class RootHelp extends Help {
  protected override async showRootHelp(): Promise<void> {
    const serve = this.config.findCommand('serve', { must: true });
    await this.showCommandHelp(serve);
    this.log('');
    this.log('OTHER COMMANDS (each explains itself with --help)');
    for (const { id, summary = '' } of this.sortedCommands.filter((command) => command.id !== 'serve')) {
      this.log(`  ${this.config.bin} ${id.replaceAll(':', ' ').padEnd(17)}  ${summary}`);
    }
  }
}
