"""What a client of the Python sample does: r0.py http://127.0.0.1:7071 24"""

import sys
import time

import requests

base, number = sys.argv[1:]
task = requests.post(f"{base}/api/tasks", json={"number": int(number)}).json()
while True:
    reply = requests.get(f"{base}/api/tasks/{task['id']}")
    if reply.status_code == 200:
        break
    print("not yet", flush=True)
    time.sleep(1)
print(reply.json()["calculation_result"])
