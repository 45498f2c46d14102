//! Ids that cannot be mixed up.

/// Declares a newtype over UUIDv7, so that an account's id cannot be passed where a token's is meant.
///
/// Version 7 sorts by creation time, which keeps indexes compact and lists in order.
///
/// ```
/// outrigger_stdx::typed_id!(
///     /// The id of a boat.
///     BoatId
/// );
/// let id: BoatId = "0190a5c2-7d3e-7cc1-a5a1-111111111111".parse()?;
/// assert_eq!(id.to_string(), "0190a5c2-7d3e-7cc1-a5a1-111111111111");
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
            /// A fresh id; later ones sort after earlier ones made in the same process.
            #[must_use]
            pub fn generate() -> Self {
                Self($crate::macro_support::uuid::Uuid::now_v7())
            }

            /// The id as a bare UUID, for stores.
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
