"""What happened, told to the companies it concerns: on a page, by mail once a day, and to their own servers by webhook.

models       Happening (one thing for one company), Webhook, Delivery, Attempt, NewsWish
kinds        every kind of happening in words
target       which addresses may be called; one POST to a resolved, pinned address
signing      secret and signature of a webhook
service/     tell, keep_webhook, deliver, replay, digest
jobs         `hooks.deliver`, `hooks.digest` and their timers
"""
