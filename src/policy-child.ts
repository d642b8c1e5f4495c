// The program of the process that applies policy.file: takes one order from the server, answers what came of it, ends.
import { setPriority } from "node:os";
import { applyPolicyFile, type PolicyFileOrder, type PolicyOutcome } from "./policy-job.js";

/** A third of the server's share where there is not enough: a flood of sign-ins must not keep a right from being taken away. */
const NICENESS = 5;

// Without the server nobody waits for an answer; a transaction that is open is undone.
process.on("disconnect", () => {
  process.exit(0);
});
process.once("message", (order) => {
  void work(order as PolicyFileOrder).then((outcome) => process.send?.(outcome, leave));
});

const leave = (): void => {
  process.disconnect();
};

async function work(order: PolicyFileOrder): Promise<PolicyOutcome> {
  giveWay();
  try {
    return await applyPolicyFile(order);
  } catch (error) {
    const { name, message } = error as Error;
    const words = `it could not be applied (${name}: ${message})`;
    return { kind: "unready", message: words, isBusy: false };
  }
}

/** Signing in goes first where both want the processor. */
function giveWay(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // A system that has no priorities.
  }
}
