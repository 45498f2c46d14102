// A configuration key in a text leads to its place on the Configuration page.
import { Link } from "wouter";
import { keyPath } from "../api/config";
import classes from "./key-link.module.css";

/** The key `cache.memory`, shown as `[cache] memory`. */
export function KeyLink({ name }: { name: string }) {
  const [section, ...rest] = name.split(".");
  return <KeyText name={name} text={`[${section}] ${rest.join(".")}`} />;
}

/** Code in a text: a link when it names a key, as `[cache] memory` and `[cache] eviction = "all"` do. */
export function Code({ text }: { text: string }) {
  const [, section, key] = /^\[([a-z_]+)\] ([a-z_]+)(?: = .*)?$/.exec(text) ?? [];
  return section === undefined ? <code>{text}</code> : <KeyText name={`${section}.${key}`} text={text} />;
}

function KeyText({ name, text }: { name: string; text: string }) {
  return (
    <Link href={keyPath(name)} className={classes.key}>
      <code>{text}</code>
    </Link>
  );
}
