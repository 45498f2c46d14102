// One section of the configuration file.
import type { ConfigKey, ConfigSource } from "../../api/types";
import { shown, tomlLine } from "../../format/toml";
import { Badge, type Tone } from "../../parts/badge";
import { CopyButton } from "../../parts/copy";
import { Panel } from "../../parts/panel";
import { Prose } from "../../parts/prose";
import classes from "./config.module.css";

const SOURCES: Record<ConfigSource, { word: string; tone: Tone }> = {
  flag: { word: "flag", tone: "float" },
  environment: { word: "environment", tone: "float" },
  file: { word: "file", tone: "lagoon" },
  default: { word: "default", tone: "plain" },
};

export function ConfigSection({ section, keys }: { section: string; keys: ConfigKey[] }) {
  return (
    <Panel title={<code>[{section}]</code>} flush>
      <ul className={classes.keys}>
        {keys.map((key) => (
          <Key key={key.key} item={key} />
        ))}
      </ul>
    </Panel>
  );
}

function Key({ item }: { item: ConfigKey }) {
  const source = SOURCES[item.source];
  const variables = [item.variable, ...item.aliases];
  return (
    <li className={classes.key} data-changed={item.source !== "default"}>
      <div className={classes.about}>
        <h3>
          <code>{item.key}</code>
        </h3>
        <p>
          <Prose text={item.documentation} />
        </p>
        <p className={classes.variables}>
          {variables.map((variable) => (
            <code key={variable}>{variable}</code>
          ))}
        </p>
      </div>
      <div className={classes.now}>
        <div className={classes.line}>
          <code className={classes.value} data-absent={item.value === null}>
            {shown(item.value)}
          </code>
          <CopyButton
            label="Copy line"
            text={tomlLine(item.key, item.value)}
            what={`for ${item.key} in outrigger.toml`}
          />
        </div>
        <span className={classes.origin}>
          <Badge tone={source.tone}>{source.word}</Badge>
          {item.source_detail != null && <span className={classes.detail}>{item.source_detail}</span>}
        </span>
        {item.source !== "default" && (
          <span className={classes.detail}>
            Default: <code>{shown(item.default)}</code>
          </span>
        )}
      </div>
    </li>
  );
}
