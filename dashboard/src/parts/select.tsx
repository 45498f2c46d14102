// A native select, which works with every keyboard, phone and screen reader.
import { useId } from "react";
import classes from "./select.module.css";

interface SelectProps<Value extends string> {
  label: string;
  /** Whether only screen readers get the label. */
  quiet?: boolean;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  disabled?: boolean;
}

export function Select<Value extends string>({ label, quiet = false, value, options, onChange, disabled }: SelectProps<Value>) {
  const id = useId();
  return (
    <div className={classes.select}>
      <label htmlFor={id} className={quiet ? "visually-hidden" : undefined}>
        {label}
      </label>
      <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value as Value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
