// One section of the configuration file.
import { Link } from "wouter";
import { keyPath } from "../../api/config";
import type { ConfigKey, ConfigSource } from "../../api/types";
import { shown, tomlLine } from "../../format/toml";
import { Badge, type Tone } from "../../parts/badge";
import { CopyButton } from "../../parts/copy";
import { Panel } from "../../parts/panel";
import { Prose } from "../../parts/prose";
import classes from "./config.module.css";
import { documentationOf } from "./documentation";

const SOURCES: Record<ConfigSource, { word: string; tone: Tone }> = {
  flag: { word: "flag", tone: "float" },
  environment: { word: "environment", tone: "float" },
  file: { word: "file", tone: "lagoon" },
  default: { word: "default", tone: "plain" },
};

interface ConfigSectionProps {
  /** The id of the section's element. */
  anchor: string;
  section: string;
  keys: ConfigKey[];
  /** The name of the key in the URL. */
  marked: string | null;
  /** Whether the details of all keys are open. */
  open: boolean;
}

/** The id of the element that shows a key. */
export function anchorOfKey(name: string): string {
  return `key-${name}`;
}

export function ConfigSection({ anchor, section, keys, marked, open }: ConfigSectionProps) {
  return (
    <div id={anchor} tabIndex={-1} className={classes.section}>
      <Panel title={<code>[{section}]</code>} flush>
        <ul className={classes.keys}>
          {keys.map((key) => (
            <Key key={key.key} item={key} marked={key.key === marked} open={open} />
          ))}
        </ul>
      </Panel>
    </div>
  );
}

function Key({ item, marked, open }: { item: ConfigKey; marked: boolean; open: boolean }) {
  const { summary, rest } = documentationOf(item.documentation, item.default);
  return (
    <li className={classes.key} data-changed={item.source !== "default"} data-marked={marked}>
      <div className={classes.about}>
        <h3 id={anchorOfKey(item.key)} tabIndex={-1}>
          <Link href={keyPath(item.key)}>
            <code>{item.key}</code>
          </Link>
        </h3>
        <p>
          <Prose text={summary} />
        </p>
        {/* The `key` re-creates the element when it must open; otherwise the user opens and closes it. */}
        <details key={String(marked || open)} open={marked || open}>
          <summary>
            Details<span className="visually-hidden"> of {item.key}</span>
          </summary>
          {rest !== "" && (
            <p>
              <Prose text={rest} />
            </p>
          )}
          <dl className={classes.facts}>
            <div>
              <dt>Kind</dt>
              <dd>
                <Prose text={item.kind} />
              </dd>
            </div>
            <div>
              <dt>Variable</dt>
              <dd>
                {[item.variable, ...item.aliases].map((variable) => (
                  <code key={variable}>{variable}</code>
                ))}
              </dd>
            </div>
          </dl>
        </details>
      </div>
      <Value item={item} />
    </li>
  );
}

function Value({ item }: { item: ConfigKey }) {
  const source = SOURCES[item.source];
  // The name of the variable is part of the details.
  const detail = item.source_detail === item.variable ? null : item.source_detail;
  return (
    <div className={classes.now}>
      <div className={classes.line}>
        <code className={classes.value} data-absent={item.value === null}>
          {shown(item.value)}
        </code>
        <CopyButton label="Copy line" text={tomlLine(item.key, item.value)} what={`for ${item.key} in outrigger.toml`} />
      </div>
      <span className={classes.origin}>
        <Badge tone={source.tone}>{source.word}</Badge>
        {detail != null && <span className={classes.detail}>{detail}</span>}
        {item.source !== "default" && (
          <span className={classes.detail}>
            Default: <code>{shown(item.default)}</code>
          </span>
        )}
      </span>
    </div>
  );
}
