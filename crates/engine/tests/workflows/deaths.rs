//! A process that dies at any call to storage: the next one goes on, and the result is as if nobody had.
