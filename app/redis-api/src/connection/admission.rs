//! Letting a client in, and showing it out when its token ends.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use outrigger_cache::Now;
use outrigger_resp::ReplyWriter;
use tracing::{debug, warn};

use super::{Connection, Ending};
use crate::{
    auth::{Refused, Verdict, authenticate, still_holds},
    commands,
    session::{Admission, Authentication, Then},
    timer::Waiting,
};

impl Connection {
    /// Checks credentials and replies.
    pub(super) async fn authenticate(&mut self, authentication: Authentication) {
        let shared = &self.thread.shared;
        let peer = self.session.client().peer;
        let verdict = authenticate(
            &authentication.credentials,
            shared.config.password.as_ref(),
            &*shared.authenticator,
            peer,
        );
        let Some(verdict) = self.unless_ended(verdict).await else {
            return;
        };
        let admission = match verdict {
            Verdict::Allowed => Admission::Open,
            Verdict::Granted(grant) => Admission::Granted(grant),
            Verdict::Refused(refused) => return self.refuse_entry(refused),
        };
        let now = shared.cache.now();
        shared.strangers.remove(self.session.client());
        self.timer.note_grant(admission.grant(), now.millis());
        self.session.admit(admission);
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        match authentication.then {
            Then::Ok => reply.ok(),
            Then::Hello { protocol, name } => {
                commands::hello(&mut self.session, &mut reply, protocol, name);
            }
        }
        self.timer.wait(Waiting::Idle, now.millis());
    }

    fn refuse_entry(&mut self, refused: Refused) {
        let shared = &self.thread.shared;
        shared.metrics.authentication_failed();
        if let Some(skipped) = shared.refusal_log.admit(shared.cache.now().millis()) {
            let peer = self.session.client().peer;
            warn!(%peer, ?refused, skipped, "a wrong password or token at the Redis listener");
        }
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        reply.error(refused.error());
        if refused == Refused::Throttled {
            self.ending = Some(Ending::Linger);
        }
    }

    /// Whether the token that let the client in must be checked before anything more is executed.
    #[inline]
    pub(super) fn must_check(&self, now: Now) -> bool {
        match &self.session.admission {
            Admission::Pending | Admission::Open => false,
            Admission::Granted(grant) => {
                grant.is_in_doubt()
                    || grant
                        .expires_at()
                        .is_some_and(|expires_at| expires_at <= now.unix_millis())
            }
        }
    }

    /// Checks the token that let the client in, and shows the client out when it has ended.
    pub(super) async fn check_grant(&mut self) {
        let Some(grant) = self.session.admission.grant() else {
            return;
        };
        let now = self.thread.shared.cache.now();
        let has_expired = grant
            .expires_at()
            .is_some_and(|expires_at| expires_at <= now.unix_millis());
        if has_expired {
            return self.show_out();
        }
        let Some(holds) = self.unless_ended(still_holds(&*grant)).await else {
            return;
        };
        if holds {
            self.timer.note_grant(Some(grant), now.millis());
        } else {
            self.show_out();
        }
    }

    /// Ends the connection because its token has ended. What it has sent meanwhile is not executed.
    #[cold]
    pub(super) fn show_out(&mut self) {
        debug!(peer = %self.session.client().peer, "the token of a connection has ended");
        self.thread.shared.metrics.revoked();
        self.session.admit(Admission::Pending);
        self.timer.note_grant(None, 0);
        self.input = Vec::new();
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        reply.error(
            "NOAUTH the token of this connection was revoked, has expired, or no longer allows the cache",
        );
        self.ending = Some(Ending::Linger);
    }

    /// Ends the connection because its token has ended while the client is not waited for. It reads why, unless it has left
    /// earlier replies unread.
    #[cold]
    pub(super) fn show_out_at_rest(&mut self) {
        let is_unread = !self.unsent.is_empty();
        self.show_out();
        if is_unread {
            self.unsent.clear();
            self.ending = Some(Ending::Close);
        }
    }

    /// The result of `work`; `None` when the connection must end before there is one.
    async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.timer.poll_ended(context).is_some() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}
