// The page Cache: live statistics, charts and databases; connection lines while the cache is unused.
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useCacheStats } from "../../api/live";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import { useTimeframe } from "../../chart/timeframe";
import { Confirm, type Question } from "../../parts/confirm";
import { WarningIcon } from "../../parts/icons";
import { PageHead } from "../../parts/page-head";
import { Panel } from "../../parts/panel";
import { Prose } from "../../parts/prose";
import { Quiet } from "../../parts/quiet";
import { TroubleNote } from "../../parts/trouble";
import { useUrlText } from "../../shell/url-state";
import { adviceFor } from "./advice";
import { CacheCharts } from "./cache-charts";
import { CacheLines } from "./cache-connect";
import { CacheFigures, trafficOf } from "./cache-figures";
import classes from "./cache.module.css";
import { useAskToClear } from "./clear";
import { Databases } from "./databases";

export function CachePage() {
  const stats = useCacheStats();
  const timeframe = useTimeframe();
  const mayClear = may(useMe(), "cache:write");
  const [question, setQuestion] = useState<Question | null>(null);
  const askToClear = useAskToClear();
  const [clear, setClear] = useUrlText("clear");

  const cache = stats.data;
  // The command palette opens this page with the database to clear in the URL.
  useEffect(() => {
    if (clear === "" || cache === undefined) {
      return;
    }
    setClear("");
    const database = clear === "all" ? null : Number(clear);
    const entries = database === null ? cache.entries : cache.databases.find((one) => one.database === database)?.entries;
    if (mayClear && entries !== undefined) {
      setQuestion(askToClear({ database, entries }));
    }
  }, [clear, cache, mayClear, askToClear, setClear]);

  if (cache === undefined) {
    return (
      <>
        <PageHead title="Cache" />
        {stats.error ? <TroubleNote error={stats.error} onRetry={() => void stats.refetch()} /> : <Quiet />}
      </>
    );
  }
  const isUnused = cache.entries === 0 && cache.hits + cache.misses + cache.writes === 0;
  const clearable = mayClear && cache.entries > 0;
  const advice = adviceFor(cache, trafficOf(timeframe.history));
  return (
    <>
      <PageHead title="Cache" guide="cache" lead="In-memory cache over the Redis protocol and HTTP.">
        {clearable && (
          <Button size="compact-sm" variant="default" onClick={() => setQuestion(askToClear({ database: null, entries: cache.entries }))}>
            Clear the cache…
          </Button>
        )}
      </PageHead>
      {isUnused && (
        <Panel title="Nothing uses the cache yet">
          <p className={classes.lead}>Run these lines, and the figures below change within five seconds.</p>
          <CacheLines />
        </Panel>
      )}
      {advice !== null && (
        <p className={classes.advice} data-tone={advice.tone} role="status">
          <WarningIcon />
          <span>
            <Prose text={advice.text} />
          </span>
        </p>
      )}
      <CacheFigures cache={cache} history={timeframe.history} />
      {timeframe.error !== null ? (
        <TroubleNote error={timeframe.error} onRetry={timeframe.retry} />
      ) : (
        <CacheCharts timeframe={timeframe} bound={cache.memory_max_bytes} />
      )}
      <Databases databases={cache.databases} onClear={clearable ? (what) => setQuestion(askToClear(what)) : null} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
