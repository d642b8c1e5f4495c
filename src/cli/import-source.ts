// What `dockwarden import` needs to know of a kind of file; another kind is another such object.
import type { AdminSettings } from "../admin/admin-context.js";
import type { Intake, PolicyState } from "../domain/stated-policy.js";
import type { HashReader } from "../intake/hashes.js";
import type { TextInput } from "./text-input.js";

/** Values of the further options by their names in camel case, as commander has them. */
export type SourceOptions = Readonly<Record<string, string | boolean | undefined>>;

export interface ImportSource {
  /** The verb. */
  readonly name: string;
  readonly description: string;
  /** Besides those that every import takes: flags and what they mean. */
  readonly options: readonly (readonly [flags: string, description: string])[];
  /** Judges the options and reads the file; nothing else is open yet. Exit 2 for options that can't be. */
  readonly open: (given: ImportGiven) => Promise<OpenedImport>;
}

export interface ImportGiven {
  readonly text: string;
  readonly options: SourceOptions;
  /** Another file that an option names; exit 2 where it can't be read. */
  readonly readFile: (file: string) => Promise<TextInput>;
}

/** What the store has, and the settings under which it counts. */
export interface Present {
  readonly state: PolicyState;
  readonly settings: AdminSettings;
  readonly hashes: HashReader;
}

export interface OpenedImport {
  /** Pure: see src/intake. */
  readonly read: (present: Present) => Intake;
  /** Sentences on the import as a whole, once it has been read. */
  readonly advise?: (intake: Intake, present: Present) => readonly string[];
  /** One more way on where the plan was refused; null: none. */
  readonly explain?: (refusal: string) => string | null;
}
