// The latest entries of the audit log in which an account or token is the actor or the object.
import { Skeleton } from "../../parts/skeleton";
import { Timeline } from "../../parts/timeline";
import classes from "./access.module.css";
import { AuditSentence } from "./audit-sentence";
import { failure } from "./audit-words";
import { useAuditLog } from "./lists";

/** How many entries are searched for the object. The server filters by actor, not by object. */
const LATEST = 500;
const SHOWN = 15;

export function AuditEntries({ id }: { id: string }) {
  const own = useAuditLog(id, "", SHOWN);
  const all = useAuditLog("", "", LATEST);
  if (own.items === undefined || all.items === undefined) {
    return <Skeleton lines={4} />;
  }
  const about = all.items.filter(({ target, actor_id }) => target === id && actor_id !== id);
  const entries = [...own.items, ...about].sort((one, other) => other.at.localeCompare(one.at)).slice(0, SHOWN);
  if (entries.length === 0) {
    return <p className={classes.aside}>Nothing is recorded.</p>;
  }
  return (
    <Timeline
      label="Audit log"
      events={entries.map((entry) => {
        const failed = failure(entry);
        return {
          id: entry.id,
          at: entry.at,
          title: <AuditSentence entry={entry} />,
          detail: entry.address == null ? entry.via : `${entry.via}, from ${entry.address}`,
          ...(failed === null ? {} : { tone: "fail" as const, state: `failed: ${failed}` }),
        };
      })}
    />
  );
}
