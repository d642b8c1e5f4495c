// What a stated policy changes of groups and their members.
import type { PolicyState, PolicyStep, StatedPolicy } from "../domain/stated-policy.js";
import type { Names, PlanOptions, Section } from "./policy-plan.js";

/** Members are what the group says (whole), or join those that are in it. */
export function planGroups(
  { groups: stated }: StatedPolicy,
  state: PolicyState,
  { names, options }: { readonly names: Names; readonly options: PlanOptions },
): Section {
  if (stated === null) return { first: [], last: [], notes: [], faults: [] };
  const present = new Map(state.groups.map((group) => [group.name, group.members]));
  const faults: string[] = [];
  const first: PolicyStep[] = [];
  for (const { name, members } of stated) {
    const strangers = members.filter((member) => !names.accounts.has(member));
    for (const stranger of strangers) {
      faults.push(
        `the group ${name} has the member ${stranger}, and there is no such account; add it or leave it out`,
      );
    }
    if (strangers.length > 0) continue;
    const unique = [...new Set(members)].sort();
    const there = present.get(name);
    if (there === undefined) {
      first.push({ kind: "group.add", name, members: unique });
      continue;
    }
    const [old, wanted] = [new Set(there), new Set(unique)];
    const added = unique.filter((member) => !old.has(member));
    const removed = options.isWhole ? there.filter((member) => !wanted.has(member)) : [];
    if (added.length + removed.length > 0)
      first.push({ kind: "group.members", name, added, removed });
  }
  const wanted = new Set(stated.map(({ name }) => name));
  const gone = options.isWhole ? state.groups.filter(({ name }) => !wanted.has(name)) : [];
  const last = gone.map((group) => ({ kind: "group.remove" as const, ...group }));
  return { first, last, notes: [], faults };
}
