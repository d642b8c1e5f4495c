// Runs a program to its end for the container tests' set-up; a failure carries what it said.
import { spawn } from "node:child_process";

/**
 * Answers standard output.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{env: NodeJS.ProcessEnv, cwd?: string}} options
 * @returns {Promise<string>}
 */
export function runOrThrow(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let all = "";
    child.stdout.on("data", (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.on("data", (text) => {
      all += text;
    });
    child.once("error", (error) => {
      reject(new Error(`${program} can't be run: ${error.message}; is it installed?`));
    });
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${all.slice(-4000)}`));
    });
  });
}
