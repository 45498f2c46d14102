//! Leasing jobs.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use outrigger_sql::{PostgresTransaction, tokio_postgres::Row};
use uuid::Uuid;

use super::{Counts, Turns, attempts, save, session_ttl, statements};
use crate::{
    ClassName, JobState, JobsError, Lease, LeaseRequest, LeaseToken, QueueName,
    store::{pick::BANDS, row},
};

pub(super) async fn lease(
    transaction: &PostgresTransaction,
    request: &LeaseRequest,
    turns: &Turns,
    now: Timestamp,
) -> Result<Vec<Lease>, JobsError> {
    let session = request.session.as_str();
    let values = [&session as _, &session_ttl() as _];
    transaction
        .execute(statements::TOUCH_SESSION, &values)
        .await?;
    if let Some(holding) = &request.holding {
        attempts::lose(transaction, &request.session, holding, now).await?;
    }
    let queues: Vec<_> = request.queues.iter().map(QueueName::as_str).collect();
    let queues = transaction
        .query(statements::FIND_QUEUES, &[&queues])
        .await?;
    let (mut picked, max) = (Vec::new(), request.max as usize);
    for queue in queues {
        let wanted = max - picked.len();
        if wanted == 0 {
            break;
        }
        let bands = ready(transaction, queue.try_get(0)?, request, wanted).await?;
        picked.extend(turns.pick(bands, wanted));
    }
    begin(transaction, &picked, session, now).await
}

/// Locks at most `wanted` ready jobs of each band. Those that another transaction has locked are skipped.
async fn ready(
    transaction: &PostgresTransaction,
    queue: &str,
    request: &LeaseRequest,
    wanted: usize,
) -> Result<[VecDeque<i64>; 3], JobsError> {
    let classes = request.classes.as_ref();
    let classes: Option<Vec<_>> = classes.map(|all| all.iter().map(ClassName::as_str).collect());
    let first = BANDS.map(|band| *band.start());
    let last = BANDS.map(|band| *band.end());
    let values = [
        &queue as _,
        &classes as _,
        &first.as_slice() as _,
        &last.as_slice() as _,
        &(wanted as i64) as _,
    ];
    let mut bands: [VecDeque<i64>; 3] = Default::default();
    for row in transaction.query(statements::FIND_READY, &values).await? {
        let band = usize::try_from(row.try_get::<_, i64>(1)?).ok();
        if let Some(band) = band.and_then(|band| bands.get_mut(band)) {
            band.push_back(row.try_get(0)?);
        }
    }
    Ok(bands)
}

/// Begins attempts of locked jobs. Returns them in the order of `picked`.
async fn begin(
    transaction: &PostgresTransaction,
    picked: &[i64],
    session: &str,
    now: Timestamp,
) -> Result<Vec<Lease>, JobsError> {
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    let tokens: Vec<_> = picked
        .iter()
        .map(|_| LeaseToken::random().number())
        .collect();
    let values = [&session as _, &now as _, &picked as _, &tokens as _];
    let rows = transaction.query(statements::LEASE_JOBS, &values).await?;
    let (mut begun, mut counts) = (HashMap::with_capacity(rows.len()), Counts::default());
    for row in &rows {
        let lease = read(row)?;
        counts.shift(
            lease.queue.as_str(),
            lease.class.as_str(),
            JobState::Pending,
            JobState::Processing,
        );
        begun.insert(lease.token.number(), lease);
    }
    save(transaction, &counts).await?;
    let leases = tokens.iter().filter_map(|token| begun.remove(token));
    Ok(leases.collect())
}

fn read(row: &Row) -> Result<Lease, JobsError> {
    Ok(Lease {
        token: LeaseToken::stored(row.try_get(0)?),
        id: row.try_get::<_, Uuid>(1)?.into(),
        class: ClassName::stored(row.try_get(2)?),
        queue: QueueName::stored(row.try_get(3)?),
        payload: row.try_get(4)?,
        attempt: row::count(row, 5)?,
        timeout: row::duration(row, 6)?,
        trace: row.try_get(7)?,
    })
}
