// Whether two image patterns can name the same thing; errs only towards true.
import { isLiteral, matchesRepository, mayShareTag, type ImagePattern } from "./image-pattern.js";

/** One segment of any name, or any number of such segments. */
const ANY = "*";
const ANY_MORE = "**";

/** `team/**` → `team`, any, any more: `**` stands for one or more segments. */
function segmentsOf(repository: string): readonly string[] {
  return repository
    .split("/")
    .flatMap((segment) => (segment === ANY_MORE ? [ANY, ANY_MORE] : [segment]));
}

function mayShareSegment(a: string, b: string): boolean {
  if (isLiteral(a)) return matchesRepository(b, a);
  return isLiteral(b) ? matchesRepository(a, b) : true;
}

/** False only where no repository can be named by both; time |a|·|b| in segments. */
export function mayShareRepository(a: string, b: string): boolean {
  const [left, right] = [segmentsOf(a), segmentsOf(b)];
  // shares[i][j]: what is left of both from segment i and j on can name the same.
  const shares = Array.from({ length: left.length + 1 }, () =>
    new Array<boolean>(right.length + 1).fill(false),
  );
  const at = (i: number, j: number): boolean => shares[i]?.[j] === true;
  for (let i = left.length; i >= 0; i -= 1) {
    for (let j = right.length; j >= 0; j -= 1) {
      const [one, other] = [left[i], right[j]];
      const row = shares[i] ?? [];
      if (one === undefined && other === undefined) row[j] = true;
      else if (one === ANY_MORE || other === ANY_MORE) row[j] = at(i + 1, j) || at(i, j + 1);
      else if (one !== undefined && other !== undefined)
        row[j] = mayShareSegment(one, other) && at(i + 1, j + 1);
    }
  }
  return at(0, 0);
}

/** False only where service, repository or tag keep the two apart. */
export function mayOverlap(a: ImagePattern, b: ImagePattern): boolean {
  const isSameService = a.service === null || b.service === null || a.service === b.service;
  return (
    isSameService && mayShareTag(a.tag, b.tag) && mayShareRepository(a.repository, b.repository)
  );
}
