// The table view of a chart: the same data for reading, for screen readers and for copying.
import { exact, clock } from "../format/time";
import { Table } from "../parts/table";
import { tabulate, type Series } from "./series";

const ROWS = 30;

interface ChartTableProps {
  title: string;
  at: number[];
  series: Series[];
}

export function ChartTable({ title, at, series }: ChartTableProps) {
  const rows = tabulate(at, series, ROWS);
  const spansDays = at.length > 0 && at.at(-1)! - at[0]! > 86_400_000;
  return (
    <Table label={`${title}, as a table`} height={168}>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {series.map((line) => (
            <th key={line.label} scope="col" data-number>
              {line.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.at}>
            <th scope="row">
              <time dateTime={new Date(row.at).toISOString()} title={exact(row.at)}>
                {spansDays ? exact(row.at) : clock(row.at)}
              </time>
            </th>
            {row.figures.map((figure, index) => (
              <td key={series[index]!.label} data-number>
                {series[index]!.format(figure)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
