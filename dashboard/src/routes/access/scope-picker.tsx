// Selects the scopes of a token, in one row per capability. It offers only scopes that you have, because you can only grant those.
import { Checkbox } from "@mantine/core";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import classes from "./access.module.css";

const CAPABILITIES: { name: string; about: string; read?: string; write?: string; work?: string; all?: string }[] = [
  {
    name: "cache",
    about: "Entries and statistics; a Redis client needs All",
    read: "cache:read",
    write: "cache:write",
    all: "cache:*",
  },
  {
    name: "jobs",
    about: "Background jobs; workers need only Work",
    read: "jobs:read",
    write: "jobs:write",
    work: "jobs:work",
  },
  { name: "server", about: "State, statistics, stores and services", read: "server:read" },
  { name: "problems", about: "Problems of the server; Write can acknowledge them", read: "problems:read", write: "problems:write" },
  { name: "events", about: "Deployments, notes and other events; deploy tools need Write", read: "events:read", write: "events:write" },
  { name: "config", about: "Configuration keys", read: "config:read" },
  { name: "metrics", about: "Metrics for Prometheus", read: "metrics:read" },
  { name: "access", about: "Accounts, sessions, tokens and the audit log", read: "access:read", write: "access:write" },
];

/** The chosen scopes without those that another chosen scope implies. */
export function withoutImplied(scopes: string[]): string[] {
  return scopes.filter((scope) => !may({ scopes: scopes.filter((other) => other !== scope) }, scope));
}

interface ScopePickerProps {
  scopes: string[];
  onChange: (scopes: string[]) => void;
  error: string | undefined;
}

export function ScopePicker({ scopes, onChange, error }: ScopePickerProps) {
  const me = useMe();
  const box = (scope: string | undefined, label: string) =>
    scope !== undefined && may(me, scope) ? (
      <Checkbox
        aria-label={label}
        checked={scopes.includes(scope) || may({ scopes }, scope)}
        disabled={!scopes.includes(scope) && may({ scopes }, scope)}
        onChange={(event) =>
          onChange(event.currentTarget.checked ? [...scopes, scope] : scopes.filter((held) => held !== scope))
        }
      />
    ) : null;
  return (
    <fieldset className={classes.scopes} aria-describedby={error === undefined ? undefined : "scopes-error"}>
      <legend>Permissions</legend>
      <table>
        <thead>
          <tr>
            <th scope="col">Capability</th>
            <th scope="col">Read</th>
            <th scope="col">Write</th>
            <th scope="col">Work</th>
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          {CAPABILITIES.map(({ name, about, read, write, work, all }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code> <span>{about}</span>
              </th>
              <td>{box(read, `Read ${name}`)}</td>
              <td>{box(write, `Write ${name}`)}</td>
              <td>{box(work, `Work on ${name}`)}</td>
              <td>{box(all, `All of ${name}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {error !== undefined && (
        <p id="scopes-error" className={classes.error}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
