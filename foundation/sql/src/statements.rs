//! SQL statements as named constants, so that a test can prepare all of them.

use std::fmt;

/// A statement that a database rejects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenStatement {
    /// The statement.
    pub sql: &'static str,
    /// The message of the database.
    pub detail: String,
}

impl fmt::Display for BrokenStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.detail, self.sql)
    }
}

/// Declares constants with SQL, and `ALL`, the list of these constants. A store's conformance test prepares `ALL` on a
/// migrated database, which finds a typing error even in a statement that no other test runs.
///
/// ```
/// mod statements {
///     outrigger_sql::statements! {
///         FIND_BOAT = "select name from boats where id = $1";
///         DELETE_BOAT = "delete from boats where id = $1";
///     }
/// }
/// assert_eq!(statements::ALL, [statements::FIND_BOAT, statements::DELETE_BOAT]);
/// ```
#[macro_export]
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(pub(crate) const $name: &str = $sql;)*
        /// Every statement of this module.
        pub(crate) const ALL: &[&str] = &[$($name),*];
    };
}
