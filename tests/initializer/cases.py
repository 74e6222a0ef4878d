def cases(): return {}
def run(mx, case): return None
