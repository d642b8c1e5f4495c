// A file that is no whole backup of ours; thrown while it is read, told by whoever asked for it.

export class BadBackup extends Error {
  /** `what` goes on the sentence "FILE is no good backup: …". */
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = "BadBackup";
  }
}
