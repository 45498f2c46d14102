// The latest entries of the audit log in which an account or token is the actor or the object.
import { Skeleton } from "../../parts/skeleton";
import { Timeline } from "../../parts/timeline";
import classes from "./access.module.css";
import { AuditSentence } from "./audit-sentence";
import { failure, throughOf } from "./audit-words";
import { useAuditLog } from "./lists";

const SHOWN = 15;

export function AuditEntries({ id }: { id: string }) {
  const own = useAuditLog({ actor: id }, SHOWN);
  const about = useAuditLog({ target: id }, SHOWN);
  if (own.items === undefined || about.items === undefined) {
    return <Skeleton lines={4} />;
  }
  const byOthers = about.items.filter(({ actor_id }) => actor_id !== id);
  const entries = [...own.items, ...byOthers].sort((one, other) => other.at.localeCompare(one.at)).slice(0, SHOWN);
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
          detail: [throughOf(entry), entry.address == null ? "" : `from ${entry.address}`].filter((part) => part !== "").join(", "),
          ...(failed === null ? {} : { tone: "fail" as const, state: `failed: ${failed}` }),
        };
      })}
    />
  );
}
