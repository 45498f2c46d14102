// An audit log entry as a sentence, with links to the actor and the object.
import { Link } from "wouter";
import type { AuditEntry } from "../../api/types";
import { actorHref, actorOf, objectHref, sentenceOf } from "./audit-words";

export function AuditSentence({ entry }: { entry: AuditEntry }) {
  const { verb, object, rest } = sentenceOf(entry);
  return (
    <>
      <Named href={actorHref(entry)} name={actorOf(entry)} /> {verb} {object !== null && <Named href={objectHref(entry)} name={object} />} {rest}
    </>
  );
}

function Named({ href, name }: { href: string | null; name: string }) {
  return href === null ? <strong>{name}</strong> : <Link href={href}>{name}</Link>;
}
