//! Typed ids.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use uuid::Uuid;

/// Counts the ids of this process. RFC 9562 allows a 42-bit counter after the time. It starts in the lower half of its
/// range, so it cannot overflow before 2 × 10¹² ids.
static COUNTER: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(random() & ((1 << 41) - 1)));

/// Creates a UUID version 7 with the time `at`, truncated to milliseconds. A time before 1970 counts as 1970.
///
/// An id sorts after every id that this process created earlier with an earlier time or in the same millisecond. It is
/// unique but not secret: an attacker can guess ids from a known one.
///
/// For ids of objects, declare a type with [`typed_id!`](crate::typed_id) instead.
/// Declare the type of an id with [`typed_id!`](crate::typed_id) instead, where it names an object.
#[must_use]
pub fn uuid_at(at: Timestamp) -> Uuid {
    const TIME: u128 = (1 << 48) - 1;
    const VERSION: u128 = 7 << 76;
    const VARIANT: u128 = 0b10 << 62;
    let time = u128::try_from(at.as_millisecond()).unwrap_or(0) & TIME;
    let count = u128::from(COUNTER.fetch_add(1, Ordering::Relaxed));
    let upper = (count >> 30) & 0xfff;
    let lower = count & ((1 << 30) - 1);
    let random = u128::from(random() & u64::from(u32::MAX));
    Uuid::from_u128(time << 80 | VERSION | upper << 64 | VARIANT | lower << 32 | random)
}

fn random() -> u64 {
    // The lower half of a random UUID. Its two highest bits are fixed; no caller uses them.
    Uuid::new_v4().as_u64_pair().1
}

/// Declares a newtype over a UUID version 7, so that an account's id cannot be passed as a token's.
///
/// Version 7 sorts by creation time, which keeps indexes compact and lists in order. The time comes from the caller's
/// clock: pass the value stored as `created_at`, so that the two agree.
///
/// ```
/// use outrigger_stdx::{Clock, ManualClock};
///
/// outrigger_stdx::typed_id!(
///     /// The id of a boat.
///     BoatId
/// );
/// let clock = ManualClock::new();
/// let id = BoatId::generate(clock.now());
/// assert_eq!(id.to_string().parse(), Ok(id));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::macro_support::serde::Serialize, $crate::macro_support::serde::Deserialize,
        )]
        #[serde(crate = "outrigger_stdx::macro_support::serde", transparent)]
        pub struct $name($crate::macro_support::uuid::Uuid);

        impl $name {
            /// Creates an id with the time `at`. It sorts after every id that this process created earlier with an earlier
            /// time or in the same millisecond.
            #[must_use]
            pub fn generate(at: $crate::macro_support::Timestamp) -> Self {
                Self($crate::uuid_at(at))
            }

            /// Returns the id as an untyped UUID, for stores.
            #[must_use]
            pub fn as_uuid(self) -> $crate::macro_support::uuid::Uuid {
                self.0
            }
        }

        impl From<$crate::macro_support::uuid::Uuid> for $name {
            fn from(uuid: $crate::macro_support::uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::macro_support::uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Clock, ManualClock};

    #[test]
    fn an_id_contains_the_time_it_was_created_with() {
        let clock = ManualClock::new();
        clock.advance(Duration::from_micros(1_234_999));

        let id = uuid_at(clock.now());

        let (seconds, nanoseconds) = id.get_timestamp().expect("it is of version 7").to_unix();
        assert_eq!(
            (i64::try_from(seconds), nanoseconds),
            (Ok(clock.now().as_second()), 234_000_000)
        );
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_in_which_they_were_created() {
        let now = ManualClock::new().now();

        let ids: Vec<Uuid> = (0..10_000).map(|_| uuid_at(now)).collect();

        assert!(ids.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn an_id_of_a_later_time_sorts_after_one_of_an_earlier_time() {
        let clock = ManualClock::new();

        let earlier = uuid_at(clock.now());
        clock.advance(Duration::from_millis(1));
        let later = uuid_at(clock.now());

        assert!(earlier < later);
    }

    #[test]
    fn times_before_1970_are_clamped_and_ids_stay_distinct() {
        let before_1970 = [Timestamp::MIN, Timestamp::MIN].map(uuid_at);

        let [one, other] = before_1970;

        assert_ne!(one, other);
        let time = one.get_timestamp().expect("it is of version 7");
        assert_eq!(time.to_unix(), (0, 0));
    }
}
