// Home: how it is in one sentence, what needs a person, then figures, then how to connect and what it costs.
import { useHistory, useStatus } from "../../api/live";
import { NO_HISTORY } from "../../api/history";
import { Quiet } from "../../parts/quiet";
import { useTitle } from "../../parts/page-head";
import { useRange } from "../../parts/range-choice";
import { TroubleNote } from "../../parts/trouble";
import { Connect } from "./connect";
import { Footprint } from "./footprint";
import { Health } from "./health";
import { HomeCharts } from "./home-charts";
import classes from "./home.module.css";
import { Problems } from "./problems";
import { StateLine } from "./state-line";

export function HomePage() {
  const status = useStatus();
  const history = useHistory();
  const { span, control } = useRange();
  useTitle("Home");
  return (
    <>
      <h1 className="visually-hidden">Home</h1>
      {status.data === undefined ? (
        status.error ? <TroubleNote error={status.error} onRetry={() => void status.refetch()} /> : <Quiet />
      ) : (
        <>
          <StateLine status={status.data} />
          <Problems problems={status.data.problems} />
        </>
      )}
      <div className={classes.figures}>
        <h2>Figures</h2>
        {control}
      </div>
      {history.error && history.data === undefined ? (
        <TroubleNote error={history.error} onRetry={() => void history.refetch()} />
      ) : (
        <HomeCharts history={history.data ?? NO_HISTORY} span={span} />
      )}
      <Health />
      {status.data !== undefined && (
        <div className={classes.below}>
          <Connect status={status.data} />
          <Footprint status={status.data} />
        </div>
      )}
    </>
  );
}
