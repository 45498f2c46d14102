//! The copy of the problems in the file.

use std::collections::BTreeSet;

use jiff::Timestamp;
use outrigger_sql::{Columns, SqlError};
use rusqlite::{Row, params};

use super::statements;
use crate::{Acknowledgement, HistoryError, HistoryFile, Problem};

/// Loads the problems of the last process. Skips those of a later release that this one cannot read.
pub(super) async fn load(file: &HistoryFile) -> Result<Vec<Problem>, HistoryError> {
    let database = file.database()?;
    let problems = database
        .read(|connection| {
            let mut statement = connection.prepare_cached(statements::LOAD)?;
            let mut rows = statement.query([])?;
            let mut problems = Vec::new();
            while let Some(row) = rows.next()? {
                problems.extend(read(row)?);
            }
            Ok::<_, SqlError>(problems)
        })
        .await?;
    Ok(problems)
}

/// Writes `changed`, and deletes all problems that are not in `kept`.
pub(super) async fn save(
    file: &HistoryFile,
    changed: Vec<Problem>,
    kept: BTreeSet<String>,
) -> Result<(), HistoryError> {
    let database = file.database()?;
    database
        .write(move |connection| {
            let mut save = connection.prepare_cached(statements::SAVE)?;
            for problem in &changed {
                let acknowledged = problem.acknowledged.as_ref();
                save.execute(params![
                    problem.id,
                    problem.code,
                    problem.capability,
                    problem.severity.as_str(),
                    problem.title,
                    problem.detail,
                    problem.fix,
                    problem.page,
                    problem.guide,
                    problem.first_seen.as_microsecond(),
                    problem.last_seen.as_microsecond(),
                    problem.count.cast_signed(),
                    problem.is_occurrence,
                    problem.state.as_str(),
                    acknowledged.map(|acknowledged| &acknowledged.by),
                    acknowledged.map(|acknowledged| acknowledged.at.as_microsecond()),
                    problem.resolved_at.map(Timestamp::as_microsecond),
                ])?;
            }
            let mut statement = connection.prepare_cached(statements::IDS)?;
            let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
            let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
            let mut delete = connection.prepare_cached(statements::DELETE)?;
            for id in ids.iter().filter(|id| !kept.contains(*id)) {
                delete.execute([id])?;
            }
            Ok::<_, SqlError>(())
        })
        .await?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Option<Problem>, SqlError> {
    let (severity, state): (String, String) = (row.column(3)?, row.column(13)?);
    let (Ok(severity), Ok(state)) = (severity.parse(), state.parse()) else {
        return Ok(None);
    };
    let by: Option<String> = row.column(14)?;
    let at: Option<Timestamp> = row.column(15)?;
    Ok(Some(Problem {
        id: row.column(0)?,
        code: row.column(1)?,
        capability: row.column(2)?,
        severity,
        title: row.column(4)?,
        detail: row.column(5)?,
        fix: row.column(6)?,
        page: row.column(7)?,
        guide: row.column(8)?,
        first_seen: row.column(9)?,
        last_seen: row.column(10)?,
        count: row.column::<i64>(11)?.cast_unsigned(),
        is_occurrence: row.column(12)?,
        state,
        acknowledged: by.zip(at).map(|(by, at)| Acknowledgement { by, at }),
        resolved_at: row.column(16)?,
    }))
}
