// Links configuration keys in a text to the Configuration page.
import { Link } from "wouter";
import { keyPath } from "../api/config";
import classes from "./key-link.module.css";

/** The key `cache.memory`, shown as `[cache] memory`. */
export function KeyLink({ name }: { name: string }) {
  const [section, ...rest] = name.split(".");
  return <KeyText name={name} text={`[${section}] ${rest.join(".")}`} />;
}

/** Code in a text. Names of keys, such as `[cache] memory` or `[cache] eviction = "all"`, become links. */
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
