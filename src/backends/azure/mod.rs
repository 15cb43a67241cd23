//! Azure Storage.
