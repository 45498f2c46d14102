// The cache, live: what it saves, how full it is, what it gives up, and how to use it while nobody does.
import { Button } from "@mantine/core";
import { useState } from "react";
import { NO_HISTORY } from "../../api/history";
import { useCacheStats, useHistory } from "../../api/live";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import { Confirm, type Question } from "../../parts/confirm";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { useRange } from "../../parts/range-choice";
import { TroubleNote } from "../../parts/trouble";
import { CacheCharts } from "./cache-charts";
import { CacheFigures } from "./cache-figures";
import { Databases } from "./databases";
import { FirstSteps } from "./first-steps";
import { useAskToClear } from "./clear";

export function CachePage() {
  const stats = useCacheStats();
  const history = useHistory();
  const mayClear = may(useMe(), "cache:write");
  const { span, control } = useRange();
  const [question, setQuestion] = useState<Question | null>(null);
  const [done, setDone] = useState("");
  const askToClear = useAskToClear(setDone);

  const cache = stats.data;
  if (cache === undefined) {
    return (
      <>
        <PageHead title="Cache" />
        {stats.error ? <TroubleNote error={stats.error} onRetry={() => void stats.refetch()} /> : <Quiet />}
      </>
    );
  }
  const unused = cache.entries === 0 && cache.hits + cache.misses + cache.writes === 0;
  const clear = mayClear && cache.entries > 0;
  return (
    <>
      <PageHead title="Cache" lead="What was read from memory instead of from where it came from.">
        {control}
        {clear && (
          <Button size="compact-sm" variant="default" onClick={() => setQuestion(askToClear({ database: null, entries: cache.entries }))}>
            Clear the cache…
          </Button>
        )}
      </PageHead>
      <p role="status" className={done === "" ? "visually-hidden" : undefined}>
        {done}
      </p>
      {unused && <FirstSteps />}
      <CacheFigures cache={cache} history={history.data ?? NO_HISTORY} />
      <h2 className="visually-hidden">Charts</h2>
      <CacheCharts history={history.data ?? NO_HISTORY} span={span} bound={cache.memory_max_bytes} />
      <Databases databases={cache.databases} onClear={clear ? (what) => setQuestion(askToClear(what)) : null} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
