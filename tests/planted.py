"""Made-up secrets of every kind, and the positions in which logs show them. Nothing here is, or looks like, one in the
source: each is put together from random characters when asked for."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
LOWER = string.ascii_lowercase + string.digits


def draw(prefix: str, alphabet: str, length: int, suffix: str = "") -> Callable[[random.Random], str]:
    def one(chance: random.Random) -> str:
        digits = [character for character in alphabet if character.isdigit()]
        body = [chance.choice(alphabet) for _ in range(length)]
        body[length // 2] = chance.choice(digits)
        return prefix + "".join(body) + suffix

    return one


def jwt(chance: random.Random) -> str:
    def part(plain: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    name = draw("", ALNUM, 12)(chance)
    return ".".join((part({"alg": "HS256"}), part({"sub": name}), draw("", ALNUM, 43)(chance)))


def joined(*parts: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    return lambda chance: "".join(part(chance) for part in parts)


TOKENS: dict[str, Callable[[random.Random], str]] = {
    "huggingface": draw("hf" + "_", string.ascii_letters + "1", 34),
    "huggingface-org": draw("api" + "_org_", ALNUM, 34),
    "openai": draw("sk" + "-", ALNUM, 48),
    "openai-project": draw("sk" + "-proj-", ALNUM + "_-", 80),
    "openrouter": draw("sk" + "-or-v1-", HEX, 64),
    "anthropic": draw("sk" + "-ant-api03-", ALNUM + "_-", 93),
    "nvidia": draw("nv" + "api-", ALNUM + "_-", 64),
    "groq": draw("gs" + "k_", ALNUM, 52),
    "replicate": draw("r8" + "_", ALNUM, 37),
    "perplexity": draw("pp" + "lx-", ALNUM, 48),
    "together": draw("tgp" + "_v1_", ALNUM, 43),
    "xai": draw("xa" + "i-", ALNUM, 80),
    "langsmith": draw("lsv2" + "_pt_", HEX, 42),
    "pinecone": draw("pc" + "sk_", ALNUM, 66),
    "wandb": draw("wandb" + "_v1_", ALNUM, 60),
    "anyscale": draw("esec" + "ret_", ALNUM, 28),
    "github": draw("gh" + "p_", ALNUM, 36),
    "github-app": draw("gh" + "s_", ALNUM, 36),
    "github-fine-grained": joined(draw("github" + "_pat_", ALNUM, 22), draw("_", ALNUM, 59)),
    "gitlab": draw("gl" + "pat-", ALNUM, 20),
    "bitbucket": draw("AT" + "BB", ALNUM, 32),
    "npm": draw("np" + "m_", ALNUM, 36),
    "pypi": draw("py" + "pi-AgEIcHlwaS5vcmc", ALNUM + "_-", 70),
    "docker": draw("dckr" + "_pat_", ALNUM + "_-", 27),
    "rubygems": draw("ruby" + "gems_", HEX, 48),
    "aws-access-key": draw("AK" + "IA", UPPER, 16),
    "aws-session-key": draw("AS" + "IA", UPPER, 16),
    "google-api-key": draw("AI" + "za", ALNUM + "_-", 35),
    "google-oauth": draw("ya" + "29.", ALNUM + "_-", 60),
    "google-client-secret": draw("GOC" + "SPX-", ALNUM + "_-", 28),
    "azure-client-secret": joined(draw("", ALNUM, 3), draw("8Q" + "~", ALNUM + "_.", 34)),
    "digitalocean": draw("dop" + "_v1_", HEX, 64),
    "databricks": draw("da" + "pi", HEX, 32),
    "tailscale": draw("ts" + "key-auth-", ALNUM, 30),
    "supabase": draw("sb" + "p_", HEX, 40),
    "terraform": joined(draw("", ALNUM, 14), draw(".atlas" + "v1.", ALNUM + "_-", 67)),
    "vault": draw("hv" + "s.", ALNUM + "_-", 90),
    "doppler": draw("dp" + ".pt.", ALNUM, 43),
    "age": draw("AGE-SECRET" + "-KEY-1", UPPER, 58),
    "slack-bot": joined(draw("xo" + "xb-", string.digits, 12), draw("-", string.digits, 12), draw("-", ALNUM, 24)),
    "slack-app": draw("xa" + "pp-1-", ALNUM + "-", 60),
    "telegram": joined(draw("", string.digits, 10), draw(":" + "AA", ALNUM + "_-", 33)),
    "discord": joined(draw("M", ALNUM, 23), draw(".", ALNUM, 6), draw(".", ALNUM + "_-", 38)),
    "stripe": draw("sk" + "_live_", ALNUM, 24),
    "stripe-webhook": draw("wh" + "sec_", ALNUM, 32),
    "square": draw("sq0" + "atp-", ALNUM, 22),
    "shopify": draw("sh" + "pat_", HEX, 32),
    "sendgrid": joined(draw("S" + "G.", ALNUM, 22), draw(".", ALNUM, 43)),
    "mailgun": draw("ke" + "y-", HEX, 32),
    "mailchimp": draw("", HEX, 32, "-us" + "12"),
    "twilio": draw("S" + "K", HEX, 32),
    "grafana": joined(draw("gl" + "sa_", ALNUM, 32), draw("_", HEX, 8)),
    "sentry": draw("sn" + "trys_", ALNUM, 60),
    "newrelic": draw("NR" + "AK-", UPPER, 27),
    "postman": joined(draw("PM" + "AK-", HEX, 24), draw("-", HEX, 34)),
    "linear": draw("lin" + "_api_", ALNUM, 40),
    "notion": draw("nt" + "n_", ALNUM, 46),
    "figma": draw("fi" + "gd_", ALNUM + "_-", 43),
    "airtable": joined(draw("pa" + "t", ALNUM, 14), draw(".", HEX, 64)),
    "jwt": jwt,
}  # fmt: skip
"""Secrets that can be told by their own form, wherever they stand."""

WORDS = (
    "DB_PASSWORD", "api_key", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "client_secret", "auth_token", "RAY_AUTH_TOKEN",
    "redis-password", "passphrase", "private_key", "MYSQL_PWD", "S3_SECRET_KEY", "x-api-key", "NGC_API_KEY", "credential",
)  # fmt: skip
"""Names whose value is secret, whatever it looks like."""

ANYWHERE: dict[str, str] = {
    "alone": "{}",
    "prefix": "{}: request was refused",
    "rank prefix": "[rank3]: (RayWorkerWrapper pid=77, ip=10.0.0.3) login with {} failed",
    "variable": "export SOME_NAME={}",
    "quoted": "using '{}' to log in",
    "json": '{{"level": "error", "header": "{}", "pid": 3}}',
    "json in json": '{{"log": "{{\\"x\\": \\"{}\\"}}\\n", "stream": "stderr"}}',
    "list": "non-default args: {{'model': 'm', 'x': ['{}'], 'port': 8000}}",
    "url path": "GET https://host.example.com/v1/{}/models 401",
    "url query": "GET https://host.example.com/v1/models?x={}&limit=3 401",
    "argument": "python -m serve --port 8000 --login {} --verbose",
    "brackets": "Login(name=x, value={})",
    "end of sentence": "the token was {}.",
    "colour": "\x1b[31m{}\x1b[0m failed",
}
"""Positions of a secret that can be told by its own form."""

NAMED: dict[str, str] = {
    "variable": "export {name}={value}",
    "quoted variable": "export {name}='{value}'",
    "docker": 'docker run -e {name}="{value}" image',
    "json": '{{"a": 1, "{name}": "{value}", "b": 2}}',
    "json in json": '{{"log": "{{\\"{name}\\": \\"{value}\\"}}\\n", "stream": "stderr"}}',
    "python": "Namespace(model='m', {name}='{value}', port=8000)",
    "python dict": "args: {{'model': 'm', '{name}': '{value}', 'port': 8000}}",
    "python list": "args: {{'model': 'm', '{name}': ['{value}'], 'port': 8000}}",
    "yaml": "  {name}: '{value}'",
    "url query": "GET https://host.example.com/v1/models?{name}={value}&limit=3 401",
    "option": "vllm serve m --{name} {value} --port 8000",
    "option with =": "vllm serve m --{name}={value} --port 8000",
    "argument list": "['vllm', 'serve', '--{name}', '{value}', '--port']",
}
"""Positions of a secret that its name tells."""

SPECIAL: dict[str, str] = {
    "bearer": 'curl -H "Authorization: Bearer {}" https://host.example.com/v1',
    "basic": "Authorization: Basic {}=",
    "url": "postgresql://admin:{}@db.example.com:5432/x",
    "url user": "https://{}@github.com/org/repo.git",
    "azure storage": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={}==;EndpointSuffix=core.windows.net",
    "sas": "https://x.blob.core.windows.net/c/f?sv=2023&sig={}%3D&se=2026",
    "presigned": "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=A&X-Amz-Signature={}&X-Amz-Date=2",
    "cookie": "Cookie: session={}; theme=dark",
    "curl": "curl -u robot:{} https://host.example.com",
    "sshpass": "sshpass -p {} ssh host",
    "slack webhook": "https://hooks.slack.com/services/{}/abc",
}
"""Secrets that only their place tells."""


def wrapped(line: str, width: int) -> str:
    """A line as a terminal of that width shows it."""
    return "\n".join(line[at : at + width] for at in range(0, len(line), width))


def private_key(chance: random.Random) -> list[str]:
    """The lines of a made-up private key."""
    body = [draw("", ALNUM + "+/", 64)(chance) for _ in range(6)]
    kind = "RSA PRIVATE" + " KEY"
    return [f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"]
