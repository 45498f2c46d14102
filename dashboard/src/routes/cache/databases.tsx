// Entries per Redis database.
import { Button } from "@mantine/core";
import type { CacheStats } from "../../api/types";
import { count } from "../../format/numbers";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import classes from "./cache.module.css";
import type { ClearTarget } from "./clear";

interface DatabasesProps {
  databases: CacheStats["databases"];
  onClear: ((target: ClearTarget) => void) | null;
}

export function Databases({ databases, onClear }: DatabasesProps) {
  if (databases.length === 0) {
    return null;
  }
  return (
    <Panel title="Databases" flush>
      <Table label="Entries per database">
        <thead>
          <tr>
            <th scope="col">Database</th>
            <th scope="col" data-number>
              Entries
            </th>
            {onClear !== null && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {databases.map(({ database, entries }) => (
            <tr key={database}>
              <th scope="row">
                {database}
                {database === 0 && <span className={classes.aside}> used by the HTTP API</span>}
              </th>
              <td data-number>{count(entries)}</td>
              {onClear !== null && (
                <td data-number>
                  <Button size="compact-xs" variant="subtle" onClick={() => onClear({ database, entries })}>
                    Clear<span className="visually-hidden"> database {database}</span>…
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}
