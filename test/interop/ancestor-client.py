"""A stand-in for the ancestor's worker, written from the description of its wire: it knows three calls and nothing else.

Works through what the server offers with the real tools and the ancestor's flags, and ends at the first 204. Prints one
JSON line per task. Settings come as they did: SERVER_URL; besides WHISPER_CLI and MODEL say where the engine lies.
"""

import json
import os
import subprocess
import sys
import tempfile

import requests

SERVER = os.environ["SERVER_URL"]


def transcribe(folder: str, audio: str, language: str) -> str:
    wav = os.path.join(folder, "audio.wav")
    subprocess.run(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", audio, "-ar", "16000", "-ac", "1", "-c:a", "pcm_s16le", wav],
        check=True,
    )
    flags = ["-bs", "5", "--entropy-thold", "2.8", "--max-context", "64", "-t", "1"]
    command = [os.environ["WHISPER_CLI"], "-m", os.environ["MODEL"], "--language", language, *flags, "-f", wav, "-ovtt"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(wav + ".vtt", encoding="utf-8") as file:
        return file.read()


def work_on(answer: requests.Response) -> dict:
    task, language = answer.headers["X-Task-ID"], answer.headers["X-Language"]
    with tempfile.TemporaryDirectory() as folder:
        audio = os.path.join(folder, "audio.mp3")
        with open(audio, "wb") as file:
            for chunk in answer.iter_content(chunk_size=8192):
                file.write(chunk)
        size = os.path.getsize(audio)
        try:
            body, path = {"id": task, "vtt": transcribe(folder, audio, language)}, "/result"
        except subprocess.CalledProcessError:
            body, path = {"id": task}, "/error"
    reply = requests.post(SERVER + path, json=body, timeout=10)
    return {
        "type": answer.headers["Content-Type"],
        "language": language,
        "bytes": size,
        "call": path,
        "status": reply.status_code,
        "reply": reply.json(),
    }


def main() -> None:
    while True:
        answer = requests.get(SERVER + "/task", stream=True, timeout=30)
        if answer.status_code == 204:
            return
        if answer.status_code != 200:
            sys.exit(f"GET /task: {answer.status_code}")
        print(json.dumps(work_on(answer)), flush=True)


main()
