"""Mail out: every message is a row first, then sent by a job, or kept where no server is configured.

models     OutboxMail
service/   write_mail (queue one message), send_mail (hand it to the configured SMTP server)
queries    what the outbox page shows
jobs       `mail.send`
"""
