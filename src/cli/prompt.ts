// One question on a terminal; every way of not answering it has an end.
import { Writable } from "node:stream";
import { read } from "read";
import type { Io } from "./output.js";

/** The answer; null after Ctrl-C, Ctrl-D, or where the terminal is gone. `isHidden`: what is typed is not shown. */
export async function ask(question: string, isHidden: boolean, io: Io): Promise<string | null> {
  const { stdin } = io;
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      io.note(String(chunk));
      done();
    },
  });
  let onPause: () => void = () => undefined;
  // NOTE read() settles neither on Ctrl-D nor at the end of input; both pause the input, and so does every answer,
  // which then comes first.
  const left = new Promise<null>((resolve) => {
    onPause = () =>
      setImmediate(() => {
        resolve(null);
      });
    stdin.once("pause", onPause);
  });
  // `terminal`: standard error may be redirected, what is typed must be hidden all the same.
  const answered = read({
    prompt: question,
    silent: isHidden,
    input: stdin,
    output,
    terminal: true,
  });
  const answer = await Promise.race([answered.catch(() => null), left]);
  stdin.off("pause", onPause);
  if (answer === null) io.note("\n");
  return answer;
}
