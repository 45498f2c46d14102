//! The check that a path leads to a regular file, before it is opened.

use std::{fs, io, path::Path};

/// Returns an error if the path leads to something other than a regular file, such as a directory, a device or a FIFO. To open
/// a FIFO blocks until another program opens its other end. A path that does not exist is accepted.
///
/// # Errors
///
/// Returns an error of kind [`InvalidInput`](io::ErrorKind::InvalidInput) that names the type of the file, without its path, or
/// the error of reading the file's metadata.
pub fn require_regular_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let found = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let found = if found.is_dir() {
        "a directory"
    } else if found.is_fifo() {
        "a FIFO (named pipe)"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("it is {found}, not a regular file"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_and_missing_files_are_accepted() {
        let file = std::env::current_exe().expect("the test is a file");
        let refused = |path: &Path| {
            let refused = require_regular_file(path).expect_err("it is no regular file");
            refused.to_string()
        };

        require_regular_file(&file).expect("it is a regular file");
        require_regular_file(&file.with_extension("missing")).expect("there is nothing yet");
        assert_eq!(
            refused(Path::new("/")),
            "it is a directory, not a regular file"
        );
        assert_eq!(
            refused(Path::new("/dev/null")),
            "it is a device, not a regular file"
        );
    }
}
