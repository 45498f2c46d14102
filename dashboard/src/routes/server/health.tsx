// The checks of `outrigger doctor`. They run only on request, because the integrity check reads the whole store.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import type { DoctorCheck } from "../../api/types";
import { clock } from "../../format/time";
import { counted } from "../../format/numbers";
import { CheckIcon, CrossIcon, NoticeIcon } from "../../parts/icons";
import { Panel } from "../../parts/panel";
import { Prose } from "../../parts/prose";
import { TroubleNote } from "../../parts/trouble";
import classes from "./health.module.css";

const RESULTS: Record<DoctorCheck["result"], { word: string; Icon: () => React.ReactNode }> = {
  fail: { word: "Fail", Icon: CrossIcon },
  advice: { word: "Recommendation", Icon: NoticeIcon },
  ok: { word: "OK", Icon: CheckIcon },
};
const ORDER: DoctorCheck["result"][] = ["fail", "advice", "ok"];

export function Health() {
  const doctor = useQuery({
    queryKey: ["doctor"],
    queryFn: () => answer(api.GET("/api/v1/doctor")),
    enabled: false,
    staleTime: Infinity,
    gcTime: Infinity,
    retry: false,
  });
  const checks = doctor.data?.checks;
  return (
    <Panel
      title="Health"
      flush
      aside={
        <Button size="compact-sm" variant="default" loading={doctor.isFetching} onClick={() => void doctor.refetch()}>
          {checks === undefined ? "Check now" : "Check again"}
        </Button>
      }
    >
      {doctor.error && !doctor.isFetching && <TroubleNote error={doctor.error} />}
      <p className={classes.summary} role="status">
        {checks === undefined
          ? "Checks the data directory, the disk, the stores, the limits and the configuration, without changing anything."
          : `${summary(checks)} Checked at ${clock(doctor.dataUpdatedAt)}.`}
      </p>
      {checks !== undefined && <Checks checks={checks} />}
    </Panel>
  );
}

function Checks({ checks }: { checks: DoctorCheck[] }) {
  const sorted = ORDER.flatMap((result) => checks.filter((check) => check.result === result));
  return (
    <ul className={classes.checks}>
      {sorted.map((check) => {
        const { word, Icon } = RESULTS[check.result];
        return (
          <li key={check.name} data-result={check.result}>
            <span className={classes.result}>
              <Icon />
              {word}
            </span>
            <h3>{capitalised(check.name)}</h3>
            <div className={classes.words}>
              <p>
                <Prose text={capitalised(check.detail)} />
              </p>
              {check.fix != null && (
                <p className={classes.fix}>
                  <strong>What to do:</strong> <Prose text={check.fix} />
                </p>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** The text with a capital first letter, unless it begins with a path or an address. */
function capitalised(text: string): string {
  return /^[a-z][a-z'-]*(?:[\s,]|:\s|$)/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
}

/** `8 checks: 1 failed, 2 recommendations.` */
export function summary(checks: DoctorCheck[]): string {
  const failed = checks.filter((check) => check.result === "fail").length;
  const advised = checks.filter((check) => check.result === "advice").length;
  const found = [failed > 0 ? `${failed} failed` : "", advised > 0 ? counted(advised, "recommendation", "recommendations") : ""].filter((words) => words !== "");
  return `${counted(checks.length, "check", "checks")}: ${found.length === 0 ? "all passed" : found.join(", ")}.`;
}
