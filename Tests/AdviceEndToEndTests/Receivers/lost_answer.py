"""An addon of mitmproxy: the receiver behind it gets each request, and its first answer to each webhook-id is
lost on the way back, as where a network is cut at the worst moment.

usage: mitmdump --mode reverse:http://127.0.0.1:PORT --scripts lost_answer.py
"""
lost = set()


def response(flow):
    webhook_id = flow.request.headers.get("webhook-id")
    if webhook_id not in lost:
        lost.add(webhook_id)
        flow.kill()
