// A filter: a chip that shows the selected value and opens the list of values.
import { Button, Popover, TextInput } from "@mantine/core";
import { useRef, useState, type FormEvent } from "react";
import { ChevronIcon, CheckIcon, CrossIcon } from "../icons";
import type { Filter } from "./columns";
import classes from "./filter-chip.module.css";

interface FilterChipProps<Row> {
  filter: Filter<Row>;
  value: string;
  offered: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

export function FilterChip<Row>({ filter, value, offered, onChange }: FilterChipProps<Row>) {
  const [opened, setOpened] = useState(false);
  const [typed, setTyped] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const word = offered.find((option) => option.value === value)?.label ?? filter.name?.(value) ?? value;

  function choose(chosen: string) {
    setOpened(false);
    setTyped("");
    button.current?.focus();
    onChange(chosen);
  }

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (typed.trim() !== "") {
      choose(typed.trim());
    }
  }

  return (
    <div className={classes.chip} data-set={value !== ""}>
      <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus transitionProps={{ duration: 0 }}>
        <Popover.Target>
          <button ref={button} type="button" className={classes.word} onClick={() => setOpened(!opened)}>
            {filter.label}
            {value !== "" && <strong>{word}</strong>}
            <ChevronIcon />
          </button>
        </Popover.Target>
        <Popover.Dropdown className={classes.menu} aria-label={`Filter by ${filter.label.toLowerCase()}`}>
          {filter.free !== undefined && (
            <form className={classes.free} onSubmit={onSubmit}>
              <TextInput
                aria-label={filter.label}
                placeholder={filter.free.placeholder}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
                data-autofocus
              />
              <Button type="submit" variant="default">
                Apply
              </Button>
            </form>
          )}
          <ul aria-label={`Values of ${filter.label.toLowerCase()}`}>
            {offered
              .filter(({ label }) => label.toLowerCase().includes(typed.trim().toLowerCase()))
              .map((option) => (
                <li key={option.value}>
                  <button type="button" aria-pressed={option.value === value} onClick={() => choose(option.value === value ? "" : option.value)}>
                    {option.label}
                    {option.value === value && <CheckIcon />}
                  </button>
                </li>
              ))}
          </ul>
          {offered.length === 0 && filter.free === undefined && <p className={classes.none}>No values yet.</p>}
        </Popover.Dropdown>
      </Popover>
      {value !== "" && (
        <button type="button" className={classes.clear} aria-label={`Clear the filter ${filter.label}`} onClick={() => choose("")}>
          <CrossIcon />
        </button>
      )}
    </div>
  );
}
