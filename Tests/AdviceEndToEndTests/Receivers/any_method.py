"""PyPI's httpbin for those who only ever POST: what it has for GET alone, it has for them too.

usage: gunicorn --pythonpath FOLDER any_method:app
"""
from httpbin import app as httpbin

GET_ALONE = ("/drip", "/stream-bytes", "/bytes")


def app(environ, start_response):
    # Read to its end first: what is left of a body would be taken for the next request.
    environ["wsgi.input"].read()
    if environ["PATH_INFO"].startswith(GET_ALONE):
        environ["REQUEST_METHOD"] = "GET"
    return httpbin(environ, start_response)
