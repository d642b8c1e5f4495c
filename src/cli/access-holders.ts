// `dockwarden access list | who`: what one subject may do, and who may do something with one image.
import { findHolders } from "../admin/holders.js";
import { findHoldings } from "../admin/holdings.js";
import { parseSubject } from "../admin/subject-reference.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { readPlace, type CheckOptions } from "./access-check.js";
import { orExit } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";
import { toAction, toService } from "./words.js";

/** A row for each entry that names the subject; exit 1 where it gets no token at all. */
export async function listHeld(
  session: Session,
  text: string,
  options: { readonly service?: string },
): Promise<void> {
  await session.withAdmin(async (context) => {
    const subject = orExit(parseSubject(text));
    const { services } = context.settings;
    const service = options.service === undefined ? null : toService(options.service, services);
    const holdings = orExit(await findHoldings(subject, service, context));
    const rows = holdings.map((held) => [
      held.image,
      held.service ?? "all",
      held.actions.join(", ") || "nothing",
      held.through.join(", "),
      formatEnd(held.endsAt),
      held.except.join(", "),
    ]);
    const data = holdings.map(({ endsAt, ...held }) => ({
      ...held,
      expires: endsAt === null ? null : formatEnd(endsAt),
    }));
    const head = ["image", "service", "may", "through", "ends", "less on"];
    session.answer(data, () => formatTable(head, rows));
  });
}

/** Everybody who may do the action, by name. */
export async function listHolders(
  session: Session,
  text: string,
  options: CheckOptions,
): Promise<void> {
  const action = toAction(options.action);
  await session.withAdmin(async (context) => {
    const { pattern, service } = readPlace(session, context, text, options);
    const holders = await findHolders({ ...pattern, service }, action, context);
    const image = formatImagePattern(pattern);
    const rows = holders.map(({ name, actions, through }) => [
      name,
      actions.join(", "),
      through.join(", "),
    ]);
    const head = `who may ${action} ${image} on ${service}: ${holders.length === 0 ? "nobody" : holders.length}\n`;
    session.answer({ image, service, action, who: holders }, () =>
      rows.length === 0 ? head : `${head}${formatTable(["who", "may", "through"], rows)}`,
    );
  });
}
