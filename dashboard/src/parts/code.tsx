// A code block to copy, in one or more languages.
import { Choice } from "./choice";
import { useCodeLanguage } from "./code-language";
import classes from "./code.module.css";
import { CopyButton } from "./copy";

export interface Sample {
  /** Short and stable, the same in all blocks: `shell`, `node`, `python`. */
  language: string;
  label: string;
  code: string;
}

interface CodeProps {
  /** What the code does, for screen readers: `Read an entry`. */
  label: string;
  samples: readonly Sample[];
  /** Wraps long lines instead of scrolling. */
  wrap?: boolean;
}

export function Code({ label, samples, wrap = false }: CodeProps) {
  const [language, setLanguage] = useCodeLanguage(samples.map((sample) => sample.language));
  const shown = samples.find((sample) => sample.language === language);
  if (shown === undefined) {
    return null;
  }
  return (
    <div className={classes.code}>
      <div className={classes.head}>
        {samples.length > 1 ? (
          <Choice
            label={`Language of: ${label}`}
            value={language}
            options={samples.map((sample) => ({ value: sample.language, label: sample.label }))}
            onChange={setLanguage}
          />
        ) : (
          <span className={classes.language}>{shown.label}</span>
        )}
        <CopyButton text={shown.code} what={label} />
      </div>
      <pre tabIndex={0} role="group" aria-label={label} data-wrap={wrap || undefined}>
        <code>{shown.code}</code>
      </pre>
    </div>
  );
}
