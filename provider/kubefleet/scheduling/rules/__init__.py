"""Pods that look at other pods, at ports, or at what a namespace allows: counted exactly as kube-scheduler binds them,
cluster by cluster. Pods without such rules never come here.
"""
