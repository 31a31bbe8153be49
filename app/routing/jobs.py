"""Job kinds of this domain, registered with `app.jobs.registry.job`."""
