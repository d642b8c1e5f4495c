// By what a file is known as a backup, whatever it is called: for who writes one, and for who finds one where none belongs.

/** The name of a backup's first member, which is what the file begins with. */
export const MANIFEST_NAME = "dockwarden-backup.json";
