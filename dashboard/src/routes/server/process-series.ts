// The lines of the charts about the process, for Home and Server.
import type { History } from "../../api/types";
import { column, type Series } from "../../chart/series";
import { bytes, percent } from "../../format/numbers";

export function cpu(history: History): Series[] {
  return [{ label: "CPU, of one core", values: column(history, "process_cpu_ratio"), format: percent }];
}

export function memory(history: History): Series[] {
  return [{ label: "Resident memory", values: column(history, "process_resident_bytes"), format: bytes }];
}
