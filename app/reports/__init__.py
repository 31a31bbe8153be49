"""CSV and XLSX reports of fixed columns, streamed."""
